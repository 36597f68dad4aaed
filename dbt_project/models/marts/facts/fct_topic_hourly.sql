{{ config(**replaced_by_day()) }}

with

topic_hours as (

    select * from {{ ref('stg_topic_hours') }}
    where {{ is_day_of_run('day') }}

),

trends as (

    select * from {{ ref('stg_trends') }}
    where {{ is_day_of_run('day') }}

),

topic_events as (

    select * from {{ ref('stg_topic_events') }}
    where {{ is_day_of_run('day') }}

),

-- Several things can happen to a topic in an hour (a merge and a rename): named together.
events_of_hours as (

    select
        hour,
        topic_id,
        string_agg(distinct event, ', ' order by event) as events

    from topic_events

    group by hour, topic_id

),

final as (

    select
        topic_hours.hour,
        topic_hours.day,
        topic_hours.topic_id,
        topic_hours.posts,
        topic_hours.reposts,
        topic_hours.authors,
        topic_hours.near_duplicate_groups,
        topic_hours.french_posts,
        topic_hours.english_posts,
        topic_hours.top_author_share,
        events_of_hours.events,
        trends.topic_id is not null as trend,
        trends.label,
        trends.rank,
        trends.stage,
        trends.suppressed,
        trends.score,
        trends.burst_z,
        trends.expected_posts

    from topic_hours

    left join trends
        on
            topic_hours.hour = trends.hour
            and topic_hours.topic_id = trends.topic_id

    left join events_of_hours
        on
            topic_hours.hour = events_of_hours.hour
            and topic_hours.topic_id = events_of_hours.topic_id

)

select * from final
