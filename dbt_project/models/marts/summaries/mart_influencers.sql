with

rankings as (

    select * from {{ ref('stg_influencer_rankings') }}

),

trend_days as (

    select * from {{ ref('fct_trend_daily') }}

),

-- The ranking after the day's last ranked hour, per scope: it already holds the past, weighted by age.
last_rankings as (

    select * from rankings
    qualify hour = max(hour) over (partition by day, scope)

),

final as (

    select
        last_rankings.day,
        last_rankings.hour,
        last_rankings.scope,
        trend_days.label as topic_label,
        last_rankings.rank,
        last_rankings.author,
        last_rankings.network,
        last_rankings.score,
        last_rankings.half_life_hours,
        last_rankings.interactions_24h,
        last_rankings.amplifiers_24h,
        last_rankings.reason

    from last_rankings

    left join trend_days
        on
            last_rankings.day = trend_days.day
            and last_rankings.scope = trend_days.topic_id

)

select * from final
