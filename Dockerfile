# The server of docker-compose.yml; PostgreSQL is the other service there, so none is run from this image.
FROM node:24-bookworm-slim
WORKDIR /app
ENV NODE_ENV=production HOST=0.0.0.0 DATA_DIR=/data

COPY package.json package-lock.json prisma.config.ts ./
COPY scripts scripts
COPY prisma prisma
COPY src src
# Dependencies and the Prisma client, as `npm start` would set them up: then the start itself has nothing to do.
RUN node scripts/run.mjs \
  && npm cache clean --force \
  && mkdir -p /data \
  && chown node:node /data

USER node
VOLUME /data
EXPOSE 3000
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 \
  CMD ["node", "-e", "fetch('http://127.0.0.1:' + (process.env.PORT || 3000) + '/health/ready').then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
CMD ["node", "scripts/run.mjs", "src/main.ts"]
