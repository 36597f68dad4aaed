with

source as (

    select * from {{ source('retail', 'promotions') }}

),

final as (

    select
        day,
        promotion_id,
        product_id,
        store_id,
        starts_on,
        ends_on,
        discount,
        data_origin

    from source

)

select * from final
