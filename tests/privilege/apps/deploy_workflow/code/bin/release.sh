#!/bin/bash
set -euo pipefail
REGION=eu-west-2

aws ecr get-login-password --region "$REGION" | docker login --username AWS --password-stdin 418892985061.dkr.ecr.eu-west-2.amazonaws.com
aws lambda update-function-code --function-name acme-api --image-uri "418892985061.dkr.ecr.eu-west-2.amazonaws.com/acme-api:$TAG" --region "$REGION"
aws ssm put-parameter --name /acme/release --value "$TAG" --type String --overwrite --region "$REGION"
aws ecs update-service --cluster acme --service web --force-new-deployment --region "$REGION"
