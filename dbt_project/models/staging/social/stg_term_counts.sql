with

source as (

    select * from {{ source('social', 'term_counts') }}

),

final as (

    select
        hour,
        network,
        source,
        term,
        query,
        topic_id,
        begins_at,
        ends_at,
        posts,
        counted_at,
        landing_file,
        landing_line,
        {{ utc_day('hour') }} as day

    from source

)

select * from final
