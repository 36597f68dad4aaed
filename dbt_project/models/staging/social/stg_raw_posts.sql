with

source as (

    select * from {{ source('social', 'raw_posts') }}

),

final as (

    select
        post_id,
        network,
        created_at,
        kind,
        landing_file,
        {{ utc_day('created_at') }} as day,
        case when kind = 'repost' then 'repost' else 'post' end as outcome

    from source

)

select * from final
