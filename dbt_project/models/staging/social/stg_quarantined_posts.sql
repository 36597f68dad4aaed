with

source as (

    select * from {{ source('social', 'quarantined_posts') }}

),

final as (

    select
        hour,
        network,
        reason,
        landing_file,
        landing_line,
        {{ utc_day('hour') }} as day

    from source

)

select * from final
