with

source as (

    select * from {{ source('topics', 'term_bursts') }}

),

final as (

    select
        hour,
        network,
        term,
        query,
        topic_id,
        begins_at,
        posts,
        expected_posts,
        z,
        p_value,
        alarms_per_day,
        past_hours,
        breaks_out,
        reason,
        {{ utc_day('hour') }} as day

    from source

)

select * from final
