package main

import (
	"context"
	"log"
	"os"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/rekognition"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
)

const bucket = "acme-images"

func main() {
	ctx := context.Background()
	cfg, err := config.LoadDefaultConfig(ctx, config.WithRegion("eu-north-1"))
	if err != nil {
		log.Fatal(err)
	}
	queue := os.Getenv("QUEUE_URL")
	client := sqs.NewFromConfig(cfg)
	store := s3.NewFromConfig(cfg)
	eyes := rekognition.NewFromConfig(cfg)
	for {
		out, err := client.ReceiveMessage(ctx, &sqs.ReceiveMessageInput{
			QueueUrl:            aws.String(queue),
			MaxNumberOfMessages: 10,
		})
		if err != nil {
			log.Fatal(err)
		}
		for _, message := range out.Messages {
			work(ctx, store, eyes, *message.Body)
			_, err = client.DeleteMessage(ctx, &sqs.DeleteMessageInput{
				QueueUrl:      aws.String(queue),
				ReceiptHandle: message.ReceiptHandle,
			})
		}
	}
}

func work(ctx context.Context, store *s3.Client, eyes *rekognition.Client, name string) {
	_, err := store.GetObject(ctx, &s3.GetObjectInput{
		Bucket: aws.String(bucket),
		Key:    aws.String("incoming/" + name),
	})
	if err != nil {
		log.Print(err)
	}
	_, err = eyes.DetectLabels(ctx, &rekognition.DetectLabelsInput{MaxLabels: aws.Int32(5)})
	_, err = store.PutObject(ctx, &s3.PutObjectInput{
		Bucket: aws.String(bucket),
		Key:    aws.String("done/" + name),
	})
	_, err = store.DeleteObject(ctx, &s3.DeleteObjectInput{
		Bucket: aws.String(bucket),
		Key:    aws.String("incoming/" + name),
	})
}
