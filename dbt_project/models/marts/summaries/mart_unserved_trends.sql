with

unserved_trends as (

    select * from {{ ref('stg_unserved_trends') }}

),

products as (

    select * from {{ ref('dim_product') }}

),

newest_day as (

    select max(day) as day from unserved_trends

),

-- What was said of the topic last holds.
last_known as (

    select * from unserved_trends
    qualify row_number() over (partition by topic_id order by day desc) = 1

),

totals as (

    select
        topic_id,
        min(day) as first_day,
        count(*) as days,
        cast(sum(hours_raised) as bigint) as hours_raised,
        min(rank) as best_rank,
        max(score) as best_score,
        cast(sum(posts) as bigint) as posts,
        max(authors) as most_authors

    from unserved_trends

    group by topic_id

),

final as (

    select
        last_known.topic_id,
        last_known.label,
        last_known.lane,
        last_known.stage,
        last_known.language,
        totals.first_day,
        last_known.day as last_day,
        last_known.day = newest_day.day as is_current,
        totals.days,
        totals.hours_raised,
        totals.best_rank,
        totals.best_score,
        totals.posts,
        totals.most_authors,
        last_known.category,
        last_known.product_type,
        last_known.nearest_product_id,
        products.product_name as nearest_product_name,
        products.listed as nearest_product_listed,
        last_known.nearest_similarity,
        last_known.why,
        last_known.reason

    from last_known

    inner join totals
        on last_known.topic_id = totals.topic_id

    left join products
        on last_known.nearest_product_id = products.product_id

    cross join newest_day

)

select * from final
