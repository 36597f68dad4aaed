{#- A model's schema is the one configured, without the target's name before it: warehouse/<model> is asset key, schema and table. -#}
{% macro generate_schema_name(custom_schema_name, node) -%}
    {{ physical_schema(custom_schema_name or 'warehouse') | trim }}
{%- endmacro %}
