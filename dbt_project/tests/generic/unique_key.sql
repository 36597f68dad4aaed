{#- The columns together identify a row and none is null, except those named in optional. -#}
{% test unique_key(model, columns, optional=[]) %}

select
    {{ columns | join(', ') }},
    count(*) as copies

from {{ model }}

group by {{ columns | join(', ') }}

having
    count(*) > 1
    {%- for column in columns if column not in optional %}
    or {{ column }} is null
    {%- endfor %}

{% endtest %}
