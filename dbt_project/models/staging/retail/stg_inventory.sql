with

source as (

    select * from {{ source('retail', 'inventory') }}

),

final as (

    select
        day,
        product_id,
        store_id,
        on_hand,
        reserved,
        received,
        sold,
        returned,
        adjusted,
        data_origin

    from source

)

select * from final
