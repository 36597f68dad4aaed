{{ config(**replaced_by_day()) }}

with

trends as (

    select * from {{ ref('stg_trends') }}
    where {{ is_day_of_run('day') }}

),

topic_hours as (

    select * from {{ ref('stg_topic_hours') }}

),

links as (

    select * from {{ ref('stg_product_trend_links') }}
    where {{ is_day_of_run('day') }}

),

-- The verdict of the day's last hour in which the topic was a trend holds for the day.
last_hours as (

    select * from trends
    qualify row_number() over (partition by day, topic_id order by hour desc) = 1

),

trend_days as (

    select
        day,
        topic_id,
        cast(count(*) as integer) as trend_hours,
        min(rank) as best_rank,
        max(score) as best_score,
        max(case when not suppressed then score end) as best_shown_score,
        min(q_value) as trend_q_value,
        max(burst_z) as burst_z,
        {{ every('suppressed') }} as suppressed_all_day

    from trends

    group by day, topic_id

),

topic_days as (

    select
        day,
        topic_id,
        cast(sum(posts) as bigint) as posts,
        cast(sum(reposts) as bigint) as reposts,
        cast(sum(authors) as bigint) as author_hours

    from topic_hours

    group by day, topic_id

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

known_days as (

    select distinct day from topic_hours

),

judged as (

    select
        trend_days.day,
        trend_days.topic_id,
        last_hours.label,
        last_hours.keywords,
        last_hours.stage,
        last_hours.lane,
        -- Suppressed in every hour, or recognised as noise by the last one.
        trend_days.suppressed_all_day or last_hours.lane = 'noise' as suppressed,
        trend_days.trend_hours,
        trend_days.best_rank,
        coalesce(trend_days.best_shown_score, trend_days.best_score) as trend_score,
        trend_days.trend_q_value,
        trend_days.burst_z,
        coalesce(topic_days.posts, 0) as posts,
        coalesce(topic_days.reposts, 0) as reposts,
        coalesce(topic_days.author_hours, 0) as author_hours,
        -- Where nothing is known of the day before, growth is unknown; a topic that others were known without did grow.
        case
            when known_days.day is not null
                then (coalesce(topic_days.posts, 0) + 1.0) / (coalesce(days_before.posts, 0) + 1.0)
        end as growth_24h,
        last_hours.authors_24h,
        last_hours.first_raised_at,
        last_hours.grade as stress_grade,
        last_hours.reason,
        coalesce(linked_products.linked_products, 0) as linked_products,
        linked_products.unlinked_reason

    from trend_days

    inner join last_hours
        on
            trend_days.day = last_hours.day
            and trend_days.topic_id = last_hours.topic_id

    left join topic_days
        on
            trend_days.day = topic_days.day
            and trend_days.topic_id = topic_days.topic_id

    left join known_days
        on {{ days_later('trend_days.day', -1) }} = known_days.day

    left join topic_days as days_before
        on
            {{ days_later('trend_days.day', -1) }} = days_before.day
            and trend_days.topic_id = days_before.topic_id

    left join linked_products
        on
            trend_days.day = linked_products.day
            and trend_days.topic_id = linked_products.topic_id

),

final as (

    select
        day,
        topic_id,
        label,
        keywords,
        stage,
        lane,
        suppressed,
        -- Shown trends first, the strongest of them 1.
        cast(row_number() over (partition by day order by suppressed, trend_score desc, topic_id) as integer) as day_rank,
        trend_hours,
        best_rank,
        trend_score,
        trend_q_value,
        burst_z,
        posts,
        reposts,
        author_hours,
        growth_24h,
        authors_24h,
        first_raised_at,
        stress_grade,
        linked_products,
        reason,
        unlinked_reason

    from judged

)

select * from final
