{#- Query: every product and place whose stock and whose stock of the day before are known, with what the source says moved.
    Expected is yesterday + received - sold + returned + adjusted. Rows whose movements the source does not tell are left out. -#}
{% macro stock_movements() -%}
    select
        today.day,
        today.product_id,
        today.store_id,
        today.on_hand,
        yesterday.on_hand + today.received - today.sold + coalesce(today.returned, 0) + coalesce(today.adjusted, 0) as expected_on_hand

    from {{ ref('stg_inventory') }} as today

    inner join {{ ref('stg_inventory') }} as yesterday
        on
            today.day = {{ days_later('yesterday.day', 1) }}
            and today.product_id = yesterday.product_id
            and today.store_id = yesterday.store_id

    where
        {{ is_day_of_run('today.day') }}
        and today.received is not null
        and today.sold is not null
{%- endmacro %}
