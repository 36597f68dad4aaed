-- What do people say about us? The last week of posts that name a brand of ours, by day and topic, as the sentiment model reads them.
with

newest as (

    select *
    from sentiment.topic_hours
    where hour > (select max(hour) from sentiment.topic_hours) - interval 7 day
    -- each hour counts the day that ends with it: the last one of a day stands for the day
    qualify hour = max(hour) over (partition by topic_id, cast(hour as date))

),

named as (

    select
        topic_id,
        max_by(label, hour) as topic
    from topics.trends
    group by topic_id

)

select
    cast(newest.hour as date) as day,
    case when newest.topic_id = 'all' then 'every post' else named.topic end as topic,
    newest.authors,
    sum(newest.posts) as posts,
    round(coalesce(max(case when newest.label = 'positive' then newest.share end), 0), 2) as positive,
    round(coalesce(max(case when newest.label = 'neutral' then newest.share end), 0), 2) as neutral,
    round(coalesce(max(case when newest.label = 'negative' then newest.share end), 0), 2) as negative,
    -- posts that the model was too unsure of to say anything
    round(coalesce(max(case when newest.label = 'abstained' then newest.share end), 0), 2) as abstained,
    -- labels of fewer than five people, together: where there are any, a 0 beside them may be one of them
    round(coalesce(max(case when newest.label = 'withheld' then newest.share end), 0), 2) as withheld

from newest left join named on newest.topic_id = named.topic_id

where newest.topic_id = 'all' or named.topic is not null

group by cast(newest.hour as date), newest.topic_id, named.topic, newest.authors

order by day desc, posts desc

limit 20
