import psycopg
from boto3.dynamodb.conditions import Key
from fastapi import APIRouter, HTTPException
from pydantic import BaseModel, Field

from app.core.db import db_password, table

router = APIRouter()


class Item(BaseModel):
    sku: str = Field(pattern=r"^[A-Z0-9-]{3,20}$")
    shelf: str
    count: int = 0


@router.get("/{sku}")
async def read(sku: str):
    found = table().get_item(Key={"sku": sku}).get("Item")
    if not found:
        raise HTTPException(404)
    return found


@router.get("/")
async def by_shelf(shelf: str):
    return table().query(IndexName="shelf", KeyConditionExpression=Key("shelf").eq(shelf))["Items"]


@router.put("/{sku}")
async def write(sku: str, item: Item):
    table().put_item(Item=item.model_dump())
    with psycopg.connect(host="db.internal.example.com", user="inventory", password=db_password(), sslmode="verify-full") as conn:
        conn.execute("INSERT INTO audit (sku, count) VALUES (%s, %s)", (sku, item.count))
    return item
