{#- What DuckDB and BigQuery say differently; everything else in this project is SQL that both understand. -#}

{#- True where every (any) value of the group is true; null counts as nothing. -#}
{% macro every(condition) -%}{{ adapter.dispatch('every')(condition) }}{%- endmacro %}
{% macro default__every(condition) -%}bool_and({{ condition }}){%- endmacro %}
{% macro bigquery__every(condition) -%}logical_and({{ condition }}){%- endmacro %}

{% macro any_of(condition) -%}{{ adapter.dispatch('any_of')(condition) }}{%- endmacro %}
{% macro default__any_of(condition) -%}bool_or({{ condition }}){%- endmacro %}
{% macro bigquery__any_of(condition) -%}logical_or({{ condition }}){%- endmacro %}

{#- Names of types. dbt's own type_float is a float of 32 bits on DuckDB. -#}
{% macro double_type() -%}{{ adapter.dispatch('double_type')() }}{%- endmacro %}
{% macro default__double_type() -%}double{%- endmacro %}
{% macro bigquery__double_type() -%}float64{%- endmacro %}

{% macro text_type() -%}{{ adapter.dispatch('text_type')() }}{%- endmacro %}
{% macro default__text_type() -%}varchar{%- endmacro %}
{% macro bigquery__text_type() -%}string{%- endmacro %}

{#- The UTC day of a timestamp, whatever the session's time zone. -#}
{% macro utc_day(column) -%}{{ adapter.dispatch('utc_day')(column) }}{%- endmacro %}
{% macro default__utc_day(column) -%}cast({{ column }} at time zone 'UTC' as date){%- endmacro %}
{% macro bigquery__utc_day(column) -%}date({{ column }}, 'UTC'){%- endmacro %}

{#- The schema (BigQuery: dataset) that a name of this project stands for. -#}
{% macro physical_schema(name) -%}{{ env_var('TREND_ASSETS_DATASETS', '') }}{{ name }}{%- endmacro %}

{#- The date some days later (earlier, where the number is negative); the number may be an expression. -#}
{% macro days_later(day, number) -%}{{ adapter.dispatch('days_later')(day, number) }}{%- endmacro %}
{% macro default__days_later(day, number) -%}{{ day }} + ({{ number }}){%- endmacro %}
{% macro bigquery__days_later(day, number) -%}date_add({{ day }}, interval {{ number }} day){%- endmacro %}

{#- Days from the first date to the second. -#}
{% macro days_between(first, second) -%}{{ adapter.dispatch('days_between')(first, second) }}{%- endmacro %}
{% macro default__days_between(first, second) -%}cast({{ second }} - {{ first }} as integer){%- endmacro %}
{% macro bigquery__days_between(first, second) -%}date_diff({{ second }}, {{ first }}, day){%- endmacro %}

{#- Every day from the first to the last, both included: what stands after `cross join`, with the one column `day`. -#}
{% macro days_from_to(first, last) -%}{{ adapter.dispatch('days_from_to')(first, last) }}{%- endmacro %}
{% macro default__days_from_to(first, last) -%}
    unnest(generate_series({{ first }}, {{ last }}, interval 1 day)) as spine (day)
{%- endmacro %}
{% macro bigquery__days_from_to(first, last) -%}unnest(generate_date_array({{ first }}, {{ last }})) as day{%- endmacro %}

{#- ISO 8601: weeks begin on Monday and belong to the year of their Thursday; Monday is 1. -#}
{% macro week_start(day) -%}{{ adapter.dispatch('week_start')(day) }}{%- endmacro %}
{% macro default__week_start(day) -%}cast(date_trunc('week', {{ day }}) as date){%- endmacro %}
{% macro bigquery__week_start(day) -%}date_trunc({{ day }}, isoweek){%- endmacro %}

{% macro iso_week(day) -%}{{ adapter.dispatch('iso_week')(day) }}{%- endmacro %}
{% macro default__iso_week(day) -%}extract(week from {{ day }}){%- endmacro %}
{% macro bigquery__iso_week(day) -%}extract(isoweek from {{ day }}){%- endmacro %}

{% macro iso_weekday(day) -%}{{ adapter.dispatch('iso_weekday')(day) }}{%- endmacro %}
{% macro default__iso_weekday(day) -%}extract(isodow from {{ day }}){%- endmacro %}
{% macro bigquery__iso_weekday(day) -%}mod(extract(dayofweek from {{ day }}) + 5, 7) + 1{%- endmacro %}
