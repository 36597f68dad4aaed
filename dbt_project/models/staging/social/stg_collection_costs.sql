with

source as (

    select * from {{ source('social', 'collection_costs') }}

),

final as (

    select
        bought_at,
        entry_id,
        source,
        request_kind,
        rule,
        topic_id,
        requests,
        posts,
        charged_posts,
        charged_users,
        cost,
        prices_of,
        {{ utc_day('bought_at') }} as day

    from source

)

select * from final
