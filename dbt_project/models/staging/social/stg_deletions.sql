with

source as (

    select * from {{ source('social', 'deletions') }}

),

final as (

    select
        hour,
        network,
        subject_kind,
        landing_file,
        landing_line,
        {{ utc_day('hour') }} as day

    from source

)

select * from final
