with

source as (

    select * from {{ source('social', 'collection_gaps') }}

),

final as (

    select
        gap_id,
        source,
        network,
        begins_at,
        ends_at,
        reason,
        detail,
        noticed_by,
        recorded_at,
        backfilled_at,
        {{ utc_day('begins_at') }} as day

    from source

)

select * from final
