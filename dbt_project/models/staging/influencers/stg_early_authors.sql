with

source as (

    select * from {{ source('influencers', 'early_authors') }}

),

final as (

    select
        hour,
        rank,
        author,
        network,
        early_topics,
        grown_topics,
        expected_grown_topics,
        foresight,
        foresight_low,
        foresight_high,
        reason,
        {{ utc_day('hour') }} as day

    from source

)

select * from final
