with

source as (

    select * from {{ source('demand', 'unserved_trends') }}

),

final as (

    select
        day,
        rank,
        topic_id,
        label,
        lane,
        stage,
        score,
        hours_raised,
        first_raised_at,
        posts,
        authors,
        language,
        languages,
        why,
        reason,
        category,
        product_type,
        category_score,
        nearest_product_id,
        nearest_similarity,
        nearest_product_ids,
        nearest_similarities,
        nearest_methods

    from source

)

select * from final
