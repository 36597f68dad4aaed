with

source as (

    select * from {{ source('topics', 'topic_events') }}

),

final as (

    select
        hour,
        topic_id,
        event,
        other_topic_id,
        evidence,
        label,
        overlap,
        {{ utc_day('hour') }} as day

    from source

)

select * from final
