-- What do people talk about that we do not sell? The trends of the last seven days that no product answered, the strongest first.
select
    label,
    lane,
    stage,
    language,
    first_day,
    last_day,
    days,
    posts,
    most_authors,
    category,
    nearest_product_name,
    round(nearest_similarity, 2) as nearest_similarity,
    why,
    reason

from warehouse.mart_unserved_trends

where last_day > (select max(last_day) from warehouse.mart_unserved_trends) - interval 7 day

order by best_score desc, topic_id

limit 20
