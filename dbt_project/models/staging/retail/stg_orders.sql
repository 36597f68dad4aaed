with

source as (

    select * from {{ source('retail', 'orders') }}

),

final as (

    select
        day,
        order_id,
        line,
        ordered_at,
        product_id,
        store_id,
        kind,
        quantity,
        unit_price,
        currency,
        country,
        data_origin,
        quantity * unit_price as line_amount

    from source

)

select * from final
