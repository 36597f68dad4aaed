with

source as (

    select * from {{ source('topics', 'topic_hours') }}

),

final as (

    select
        hour,
        topic_id,
        posts,
        reposts,
        authors,
        near_duplicate_groups,
        french_posts,
        english_posts,
        top_author_share,
        {{ utc_day('hour') }} as day

    from source

)

select * from final
