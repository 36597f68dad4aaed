with

trend_days as (

    select * from {{ ref('int_trend_days') }}

),

links as (

    select * from {{ ref('stg_product_trend_links') }}

),

decision_cards as (

    select * from {{ ref('stg_decision_cards') }}

),

linked_products as (

    select
        day,
        topic_id,
        count(case when linked then product_id end) as linked_products,
        max(case when not linked then reason end) as unlinked_reason

    from links

    group by day, topic_id

),

cards as (

    select
        day,
        topic_id,
        count(*) as cards,
        sum(money_at_risk) as money_at_risk

    from decision_cards

    group by day, topic_id

),

final as (

    select
        trend_days.day,
        trend_days.topic_id,
        trend_days.label,
        trend_days.keywords,
        trend_days.stage,
        trend_days.lane,
        trend_days.suppressed,
        -- Shown trends first, the strongest of them 1.
        cast(
            row_number() over (
                partition by trend_days.day
                order by trend_days.suppressed, trend_days.trend_score desc, trend_days.topic_id
            ) as integer
        ) as day_rank,
        trend_days.trend_hours,
        trend_days.best_rank,
        trend_days.trend_score,
        trend_days.trend_q_value,
        trend_days.burst_z,
        trend_days.posts,
        trend_days.reposts,
        trend_days.author_hours,
        trend_days.growth_24h,
        trend_days.first_raised_at,
        coalesce(linked_products.linked_products, 0) as linked_products,
        coalesce(cards.cards, 0) as cards,
        coalesce(cards.money_at_risk, 0.0) as money_at_risk,
        trend_days.reason,
        linked_products.unlinked_reason

    from trend_days

    left join linked_products
        on
            trend_days.day = linked_products.day
            and trend_days.topic_id = linked_products.topic_id

    left join cards
        on
            trend_days.day = cards.day
            and trend_days.topic_id = cards.topic_id

)

select * from final
