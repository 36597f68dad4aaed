with

source as (

    select * from {{ source('social', 'landing_counts') }}

),

final as (

    select
        hour,
        landing_file,
        request_id,
        source,
        outcome,
        detail,
        records,
        {{ utc_day('hour') }} as day

    from source

)

select * from final
