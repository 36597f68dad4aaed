-- What the accounting says became of the records of a landing file is what the lake holds of that file:
-- records in = posts + reposts + duplicates + deletions + quarantined + ignored; the kinds that keep rows are counted here.
{{ config(meta={"dagster": {"ref": {"name": "stg_landing_counts"}}}) }}

with

landing_counts as (

    select * from {{ ref('stg_landing_counts') }}

),

posts as (

    select * from {{ ref('stg_raw_posts') }}

),

deletions as (

    select * from {{ ref('stg_deletions') }}

),

quarantined_posts as (

    select * from {{ ref('stg_quarantined_posts') }}

),

counted as (

    select
        landing_file,
        outcome,
        sum(records) as records

    from landing_counts

    where outcome in ('post', 'repost', 'deletion', 'quarantined')

    group by landing_file, outcome

),

held as (

    select
        landing_file,
        outcome,
        count(*) as records

    from posts

    group by landing_file, outcome

    union all

    select
        landing_file,
        'deletion' as outcome,
        count(*) as records

    from deletions

    group by landing_file

    union all

    select
        landing_file,
        'quarantined' as outcome,
        count(*) as records

    from quarantined_posts

    group by landing_file

),

final as (

    select
        coalesce(counted.landing_file, held.landing_file) as landing_file,
        coalesce(counted.outcome, held.outcome) as outcome,
        counted.records as counted_records,
        held.records as held_records

    from counted

    full outer join held
        on
            counted.landing_file = held.landing_file
            and counted.outcome = held.outcome

    where counted.records is distinct from held.records

)

select * from final
