with

source as (

    select * from {{ source('influencers', 'coordinated_groups') }}

),

final as (

    select
        hour,
        group_id,
        topic_id,
        accounts,
        acts,
        evidence_kinds,
        topic_share,
        occasions,
        expected_occasions,
        synchrony,
        scripted_share,
        q_value,
        verdict,
        reason,
        {{ utc_day('hour') }} as day

    from source

)

select * from final
