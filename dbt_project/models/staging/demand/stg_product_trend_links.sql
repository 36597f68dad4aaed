with

source as (

    select * from {{ source('demand', 'product_trend_links') }}

),

final as (

    select
        day,
        topic_id,
        product_id,
        linked,
        rank,
        score,
        evidence_terms,
        evidence_posts,
        reason

    from source

)

select * from final
