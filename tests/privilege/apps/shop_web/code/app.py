from flask import Flask, jsonify, request
from shop import mail, settings
from shop.storage.pictures import Pictures
from shop.storage.sessions import SessionStore

app = Flask(__name__)
pictures = Pictures(settings.PICTURES_BUCKET)
sessions = SessionStore()


@app.post("/pictures/<name>")
def upload(name):
    pictures.store(name, request.files["picture"])
    return "", 204


@app.get("/pictures")
def listing():
    return jsonify(pictures.names())


@app.delete("/pictures/<name>")
def remove(name):
    pictures.drop(name)
    return "", 204


@app.post("/login")
def login():
    sessions.save(request.json["user"], request.headers["X-Session"])
    mail.welcome(request.json["user"])
    return "", 204
