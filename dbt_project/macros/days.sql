{#- The UTC day of a timestamp, whatever the session's time zone. -#}
{% macro utc_day(column) -%}
    cast({{ column }} at time zone 'UTC' as date)
{%- endmacro %}


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
