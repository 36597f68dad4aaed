{#- Incremental strategy replace_days: replaces the whole days of the run, so that days and rows which are gone upstream go here too.
    dbt's own delete+insert deletes only days that still have rows, merge keeps rows of deleted posts.
    BigQuery does the same by a static insert_overwrite (replaced_by_day in days.sql). -#}
{% macro get_incremental_replace_days_sql(arg_dict) %}
    {%- set target = arg_dict["target_relation"] -%}
    {%- set columns = get_quoted_csv(arg_dict["dest_columns"] | map(attribute="name")) -%}
    delete from {{ target }} where {{ is_day_of_run('day') }};

    insert into {{ target }} ({{ columns }})
    select {{ columns }} from {{ arg_dict["temp_relation"] }};
{% endmacro %}
