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
        level,
        category,
        product_type,
        rank,
        score,
        evidence_terms,
        evidence_posts,
        methods,
        why,
        reason

    from source

)

select * from final
