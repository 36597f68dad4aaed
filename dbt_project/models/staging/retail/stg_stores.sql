with

source as (

    select * from {{ source('retail', 'stores') }}

),

final as (

    select
        day,
        store_id,
        store_name,
        channel,
        region,
        country,
        data_origin

    from source

)

select * from final
