with

source as (

    select * from {{ source('demand', 'segment_customers') }}

),

final as (

    select
        day,
        category,
        region,
        segment,
        customers,
        data_origin

    from source

)

select * from final
