with

source as (

    select * from {{ source('influencers', 'influencer_rankings') }}

),

final as (

    select
        hour,
        scope,
        rank,
        author,
        network,
        score,
        half_life_hours,
        interactions_24h,
        amplifiers_24h,
        reason,
        {{ utc_day('hour') }} as day

    from source

)

select * from final
