{#- Condition: the day is one of those this run builds; every day where the run has no range. -#}
{% macro is_day_of_run(column) -%}
    {%- set first_day = var('first_day', '') -%}
    {%- set last_day = var('last_day', '') -%}
    {%- if first_day and last_day -%}
        {{ column }} between date '{{ first_day }}' and date '{{ last_day }}'
    {%- elif first_day or last_day -%}
        {{ exceptions.raise_compiler_error("give first_day and last_day together, or neither") }}
    {%- else -%}
        true
    {%- endif -%}
{%- endmacro %}


{#- Configuration of a model that a run replaces by whole days. On DuckDB our own strategy (replace_days.sql), on BigQuery a static
    insert_overwrite: one merge statement over exactly the days of the run, also those that have become empty. A run without days
    is over everything, which BigQuery can only do by building the table anew. -#}
{% macro replaced_by_day() -%}
    {%- if target.type != 'bigquery' -%}
        {%- do return({'incremental_strategy': 'replace_days'}) -%}
    {%- endif -%}
    {%- set settings = {'incremental_strategy': 'insert_overwrite', 'partition_by': {'field': 'day', 'data_type': 'date'}} -%}
    {%- set days = days_of_run() -%}
    {%- do settings.update({'partitions': days} if days else {'full_refresh': true}) -%}
    {%- do return(settings) -%}
{%- endmacro %}


{#- The days of the run as a list of date literals; empty where the run has no range. -#}
{% macro days_of_run() -%}
    {%- set days = [] -%}
    {%- if var('first_day', '') and var('last_day', '') -%}
        {%- set first = modules.datetime.date.fromisoformat(var('first_day')) -%}
        {%- set last = modules.datetime.date.fromisoformat(var('last_day')) -%}
        {%- for number in range((last - first).days + 1) -%}
            {%- do days.append("date '" ~ (first + modules.datetime.timedelta(days=number)).isoformat() ~ "'") -%}
        {%- endfor -%}
    {%- endif -%}
    {%- do return(days) -%}
{%- endmacro %}
