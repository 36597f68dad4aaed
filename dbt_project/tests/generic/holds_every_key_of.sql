{#- The dimension holds every key that these models use, so that no fact is lost in a join with it. Null is no reference. -#}
{% test holds_every_key_of(model, column_name, models, model_column=none) %}

with

used as (

    {% for used_by in models %}
    select distinct {{ model_column or column_name }} as used_key
    from {{ used_by }}
    where {{ model_column or column_name }} is not null
    {{ "union distinct" if not loop.last }}
    {% endfor %}

),

final as (

    select used.used_key
    from used
    left join {{ model }} as dimension
        on used.used_key = dimension.{{ column_name }}
    where dimension.{{ column_name }} is null

)

select * from final

{% endtest %}
