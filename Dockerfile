# One image for web, worker and beat; docker-compose.yml shows the three commands.
FROM python:3.12-slim
ENV PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 DATA_DIR=/data
WORKDIR /app
COPY requirements.lock .
RUN pip install --no-cache-dir --disable-pip-version-check --require-hashes --no-deps -r requirements.lock
COPY manage.py ./
COPY highway highway
COPY calls calls
COPY templates templates
RUN useradd --system --uid 10001 highway && mkdir /data \
    && python manage.py collectstatic --noinput --verbosity 0 \
    && rm -rf /data/* && chown highway /data
USER highway
VOLUME /data
EXPOSE 8000
CMD ["python", "manage.py", "serve", "--host", "0.0.0.0", "--port", "8000"]
