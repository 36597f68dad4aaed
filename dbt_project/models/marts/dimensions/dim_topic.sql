with

topic_hours as (

    select * from {{ ref('fct_topic_hourly') }}

),

trend_days as (

    select * from {{ ref('fct_trend_daily') }}

),

topic_events as (

    select * from {{ ref('stg_topic_events') }}

),

activity as (

    select
        topic_id,
        min(hour) as first_hour,
        max(hour) as last_hour,
        cast(sum(posts) as bigint) as posts,
        cast(sum(reposts) as bigint) as reposts,
        cast(sum(french_posts) as bigint) as french_posts,
        cast(sum(english_posts) as bigint) as english_posts

    from topic_hours

    group by topic_id

),

as_trend as (

    select
        topic_id,
        min(first_raised_at) as first_raised_at,
        count(*) as trend_days,
        count(case when not suppressed then 1 end) as shown_days

    from trend_days

    group by topic_id

),

last_trend_day as (

    select * from trend_days
    qualify row_number() over (partition by topic_id order by day desc) = 1

),

-- Of several events in one hour the first by name: death and merge, which say where the topic went, before rename and split.
last_event as (

    select * from topic_events
    qualify row_number() over (partition by topic_id order by hour desc, event, other_topic_id) = 1

),

topic_ids as (

    select topic_id from activity
    union distinct
    select topic_id from as_trend

),

final as (

    select
        topic_ids.topic_id,
        coalesce(last_trend_day.label, last_event.label) as label,
        last_trend_day.keywords,
        last_trend_day.lane,
        activity.first_hour,
        activity.last_hour,
        coalesce(activity.posts, 0) as posts,
        coalesce(activity.reposts, 0) as reposts,
        coalesce(activity.french_posts, 0) as french_posts,
        coalesce(activity.english_posts, 0) as english_posts,
        as_trend.first_raised_at,
        coalesce(as_trend.trend_days, 0) as trend_days,
        coalesce(as_trend.shown_days, 0) as shown_days,
        last_event.event as last_event,
        last_event.other_topic_id as last_event_topic_id

    from topic_ids

    left join activity
        on topic_ids.topic_id = activity.topic_id

    left join as_trend
        on topic_ids.topic_id = as_trend.topic_id

    left join last_trend_day
        on topic_ids.topic_id = last_trend_day.topic_id

    left join last_event
        on topic_ids.topic_id = last_event.topic_id

)

select * from final
