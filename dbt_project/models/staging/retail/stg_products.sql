with

source as (

    select * from {{ source('retail', 'products') }}

),

final as (

    select
        day,
        product_id,
        product_name,
        product_name_fr,
        brand,
        category,
        product_type,
        colour,
        unit_price,
        unit_cost,
        supplier_id,
        lead_time_days,
        minimum_order_quantity,
        data_origin

    from source

)

select * from final
