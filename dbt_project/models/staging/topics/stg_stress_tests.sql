with

source as (

    select * from {{ source('topics', 'stress_tests') }}

),

final as (

    select
        hour,
        topic_id,
        grade,
        posts,
        posts_left,
        remaining_share,
        authors_left,
        noise,
        discount,
        reason,
        {{ utc_day('hour') }} as day

    from source

)

select * from final
