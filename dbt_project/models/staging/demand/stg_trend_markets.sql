with

source as (

    select * from {{ source('demand', 'trend_markets') }}

),

final as (

    select
        day,
        topic_id,
        region,
        language,
        posts,
        authors

    from source

)

select * from final
