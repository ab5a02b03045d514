from fastapi import FastAPI
from mangum import Mangum

from app.routers import items

app = FastAPI(title="inventory", docs_url=None)
app.include_router(items.router, prefix="/items")
handler = Mangum(app, lifespan="off")
