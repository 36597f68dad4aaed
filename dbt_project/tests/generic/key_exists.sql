{#- Every combination of the columns exists in another model: a relationship over several columns. Null is no reference. -#}
{% test key_exists(model, columns, to, to_columns=none) %}

{%- set to_columns = to_columns or columns %}

with

referring as (

    select distinct {{ columns | join(', ') }}
    from {{ model }}
    where {% for column in columns %}{{ column }} is not null{{ " and " if not loop.last }}{% endfor %}

),

final as (

    select referring.*
    from referring
    left join {{ to }} as referred
        on {% for column in columns %}referring.{{ column }} = referred.{{ to_columns[loop.index0] }}{{ " and " if not loop.last }}{% endfor %}
    where referred.{{ to_columns[0] }} is null

)

select * from final

{% endtest %}
