with

source as (

    select * from {{ source('retail', 'deliveries') }}

),

final as (

    select
        day,
        delivery_id,
        product_id,
        store_id,
        supplier_id,
        ordered_on,
        due_on,
        received_on,
        quantity_ordered,
        quantity_received,
        data_origin,
        case when received_on is null then greatest(quantity_ordered - quantity_received, 0) else 0 end as open_units

    from source

)

select * from final
