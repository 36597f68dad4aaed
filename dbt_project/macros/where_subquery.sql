{#- What a generic test looks at: in a daily run only the days of the run (models name their day column in meta.day_column),
    so that a test neither reads history again nor compares it with staging views that hold only the run's days. -#}
{% macro default__get_where_subquery(relation) -%}
    {%- set conditions = [] -%}
    {%- if config.get('where') -%}
        {%- do conditions.append(config.get('where')) -%}
    {%- endif -%}
    {%- if execute and var('first_day', '') and model.get('attached_node') in graph.nodes -%}
        {%- set day_column = graph.nodes[model.attached_node].config.meta.get('day_column') -%}
        {%- if day_column -%}
            {%- do conditions.append(is_day_of_run(day_column)) -%}
        {%- endif -%}
    {%- endif -%}
    {%- if conditions -%}
        {%- do return('(select * from ' ~ relation ~ ' where ' ~ (conditions | join(' and ')) ~ ') as tested') -%}
    {%- endif -%}
    {%- do return(relation) -%}
{%- endmacro %}
