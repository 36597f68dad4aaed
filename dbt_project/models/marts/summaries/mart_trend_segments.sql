with

trend_markets as (

    select * from {{ ref('stg_trend_markets') }}

),

trend_days as (

    select * from {{ ref('fct_trend_daily') }}

),

categories as (

    select * from {{ ref('int_trend_categories') }}

),

segments as (

    select * from {{ ref('stg_segment_customers') }}
    where region not in ('unknown', 'withheld')

),

-- Weeks share no day, so the week before is another seven days; where it was withheld nothing is said about growth.
weeks as (

    select
        segments.day as week_ends_on,
        segments.category,
        segments.region,
        segments.segment,
        segments.customers,
        segments.data_origin,
        segments.customers / cast(sum(segments.customers) over (partition by segments.day, segments.category, segments.region) as {{ double_type() }})
            as segment_share,
        segments.customers / cast(weeks_before.customers as {{ double_type() }}) as customers_growth

    from segments

    left join segments as weeks_before
        on
            {{ days_later('segments.day', -7) }} = weeks_before.day
            and segments.category = weeks_before.category
            and segments.region = weeks_before.region
            and segments.segment = weeks_before.segment

),

final as (

    select
        trend_markets.day,
        trend_markets.topic_id,
        trend_days.label,
        trend_days.stage,
        trend_markets.region,
        trend_markets.language,
        trend_markets.posts,
        trend_markets.authors,
        weeks.category,
        weeks.segment,
        weeks.week_ends_on,
        weeks.customers,
        weeks.segment_share,
        weeks.customers_growth,
        weeks.data_origin

    from trend_markets

    inner join trend_days
        on
            trend_markets.day = trend_days.day
            and trend_markets.topic_id = trend_days.topic_id

    inner join categories
        on
            trend_markets.day = categories.day
            and trend_markets.topic_id = categories.topic_id

    -- The newest week that is over on the day: one Sunday is in any seven days.
    inner join weeks
        on
            trend_markets.region = weeks.region
            and categories.category = weeks.category
            and weeks.week_ends_on between {{ days_later('trend_markets.day', -6) }} and trend_markets.day

    where not trend_days.suppressed

)

select * from final
