{#- Keeps in lake.failing_nodes every model and test that did not succeed, until a run over the same days or more sees it succeed.
    Publication refuses while there is one: a warehouse is published only after its tests passed, in whatever order jobs ran. -#}
{% macro record_results(results) %}
    {%- if execute and flags.WHICH in ('build', 'run', 'test') -%}
        {%- set failing_nodes = physical_schema('lake') ~ '.failing_nodes' -%}
        {%- set first_day = var('first_day', '') -%}
        {%- set last_day = var('last_day', '') -%}
        {%- set ran = [] -%}
        {%- set failed = [] -%}
        {%- for result in results if result.node.resource_type in ('model', 'test', 'unit_test') -%}
            {%- do ran.append("'" ~ result.node.unique_id ~ "'") -%}
            {%- if result.status not in ('success', 'pass', 'warn') -%}
                {%- do failed.append(
                    "('" ~ result.node.unique_id ~ "', '" ~ result.node.name ~ "', '" ~ result.status ~ "', "
                    ~ ("date '" ~ first_day ~ "', date '" ~ last_day ~ "'" if first_day else "null, null") ~ ")"
                ) -%}
            {%- endif -%}
        {%- endfor -%}
        {%- set known = [] -%}
        {%- for unique_id in graph.nodes -%}
            {%- do known.append("'" ~ unique_id ~ "'") -%}
        {%- endfor -%}

        {%- do run_query(
            "create table if not exists " ~ failing_nodes
            ~ " (unique_id " ~ text_type() ~ ", name " ~ text_type() ~ ", status " ~ text_type() ~ ", first_day date, last_day date)"
        ) -%}
        {%- if ran -%}
            {%- do run_query(
                "delete from " ~ failing_nodes ~ " where unique_id in (" ~ ran | join(', ') ~ ")"
                ~ (" and first_day >= date '" ~ first_day ~ "' and last_day <= date '" ~ last_day ~ "'" if first_day else "")
            ) -%}
        {%- endif -%}
        {%- do run_query(
            "delete from " ~ failing_nodes ~ " where starts_with(unique_id, 'test.') and unique_id not in (" ~ known | join(', ') ~ ")"
        ) -%}
        {%- if failed -%}
            {%- do run_query("insert into " ~ failing_nodes ~ " values " ~ failed | join(', ')) -%}
        {%- endif -%}
    {%- endif -%}
{% endmacro %}
