with

source as (

    select * from {{ source('topics', 'trends') }}

),

final as (

    select
        hour,
        rank,
        topic_id,
        label,
        keywords,
        stage,
        lane,
        suppressed,
        score,
        burst_z,
        p_value,
        q_value,
        posts,
        expected_posts,
        authors,
        posts_24h,
        authors_24h,
        growth_6h,
        forecast_posts_6h,
        forecast_low_6h,
        forecast_high_6h,
        forecast_posts_24h,
        forecast_low_24h,
        forecast_high_24h,
        novel_term,
        novelty,
        grade,
        grade_reason,
        exemplar_posts,
        first_raised_at,
        reason,
        {{ utc_day('hour') }} as day

    from source

)

select * from final
